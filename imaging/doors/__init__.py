"""Machine doors: the DICOM listener, the courier's disk, and the sorting of what came."""
