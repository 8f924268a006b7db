"""What operators edit: JSON files, read into frozen values; everything wrong becomes a Problem."""
