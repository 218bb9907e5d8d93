"""The job: settings, sources, sinks, the graph, and the entry point."""
