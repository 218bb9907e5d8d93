"""Distances on the Earth."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

_EARTH_RADIUS_KM = 6371.0088  # mean radius R1 of the IUGG


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """
    The great-circle distance between two points given in degrees, in km.

    Source: the haversine formula; within 0.6 % of the distance on the ellipsoid.
    """
    phi, other_phi = radians(latitude), radians(other_latitude)
    half_height = sin((other_phi - phi) / 2)
    half_width = sin(radians(other_longitude - longitude) / 2)
    chord = half_height * half_height + cos(phi) * cos(other_phi) * half_width * half_width
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))
