"""Where pictures come from: folders, the Hub, files of digits, the embedded samples."""
