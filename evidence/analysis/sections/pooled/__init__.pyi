from .declared import Model as Model
from .declared import Variant as Variant
