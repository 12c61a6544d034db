from .building import Curated as Curated
from .building import build as build
from .building import read_curated as read_curated
from .building import to_bytes as to_bytes
