"""Recognition: which descent a layer is, with its parameters, its distance and a certified bound, or a witness that it is none."""

from equivalence.recognition.recognise import recognise
from equivalence.recognition.result import Accepted, Recognition, Refused, Still, Undecided, Witness

__all__ = ["Accepted", "Recognition", "Refused", "Still", "Undecided", "Witness", "recognise"]
