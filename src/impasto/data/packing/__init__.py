"""Pictures packed once at one size into one file that is read in any order."""
