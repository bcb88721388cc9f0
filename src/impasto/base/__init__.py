"""What everything else uses: notices, files, progress, errors, pixels, schedules. It uses nothing of ours."""
