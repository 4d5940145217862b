/** The shelf of sinks: one export line each. */
