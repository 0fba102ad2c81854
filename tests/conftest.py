"""What all tests share: JAX in double precision with strict promotion, compiled quickly and kept, and Hypothesis profiles."""

import os
import sys
from pathlib import Path

# Read when JAX is loaded. Tests compile much and run it once, so they ask for the code that is made soonest.
QUICKLY = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICKLY}".strip()

import jax  # noqa: E402
from hypothesis import HealthCheck, Phase, settings  # noqa: E402

if sys.prefix != sys.base_prefix:  # in an environment of its own: what one run compiled, the next one finds
    jax.config.update("jax_compilation_cache_dir", str(Path(sys.prefix) / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.02)
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")

# Explaining a failure takes ten times as long as shrinking it, and the messages name the step already.
PHASES = [phase for phase in Phase if phase is not Phase.explain]

settings.register_profile("dev", deadline=None, phases=PHASES, max_examples=20)
settings.register_profile("ci", deadline=None, phases=PHASES, max_examples=30, derandomize=True)
settings.register_profile("thorough", deadline=None, phases=PHASES, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))
