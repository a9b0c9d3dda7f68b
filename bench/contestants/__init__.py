"""Who takes part: one program each, started by the benchmark in the environment it needs."""
