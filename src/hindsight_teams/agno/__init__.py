"""Everything that touches Agno."""
