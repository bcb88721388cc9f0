"""What everything else uses: notices, files, progress, errors, pixels, schedules. It imports nothing of ours."""
