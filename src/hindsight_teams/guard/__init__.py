"""The write guard: what a member may not put into a memory."""
