"""Files of measured values: DICOM, NIfTI, FITS, GeoTIFF and OME-TIFF, read and written by their fields' libraries."""
