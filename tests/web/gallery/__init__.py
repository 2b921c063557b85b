"""Every page of the shop in each of its states: how it comes about, and its address."""

from tests.web.gallery import account, factors, orders, payments, programs, public, troubles
from tests.web.gallery.scene import PICTURES, Picture, Scene, page_at

__all__ = ["PICTURES", "Picture", "Scene", "account", "factors", "orders", "page_at"]
__all__ += ["payments", "programs", "public", "troubles"]
