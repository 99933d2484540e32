//! Real peers for tests: MCP servers and scripted agents. Workshop only; never in the release graph.
