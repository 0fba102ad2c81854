"""What all tests share: JAX in double precision with strict promotion, and Hypothesis profiles."""

import os

import jax
from hypothesis import HealthCheck, Phase, settings

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")

# Explaining a failure takes ten times as long as shrinking it, and the messages name the step already.
PHASES = [phase for phase in Phase if phase is not Phase.explain]

settings.register_profile("dev", deadline=None, phases=PHASES, max_examples=20)
settings.register_profile("ci", deadline=None, phases=PHASES, max_examples=30, derandomize=True)
settings.register_profile("thorough", deadline=None, phases=PHASES, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))
