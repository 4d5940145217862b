/** The shelf of detections: one export line each. */
