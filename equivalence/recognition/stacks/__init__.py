"""Stacks: are these K layers K steps of gradient descent, or of GD++? Layer by layer, and end to end as a function (3.1 and 3.3)."""

from equivalence.recognition.stacks.recognise import recognise_stack
from equivalence.recognition.stacks.result import StackRecognition

__all__ = ["StackRecognition", "recognise_stack"]
