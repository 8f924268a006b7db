"""The reference database: its schema in versions, and believable data of any size."""
