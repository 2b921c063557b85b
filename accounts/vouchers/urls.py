from django.urls import path

from accounts.vouchers import views

urlpatterns = [path("account/voucher", views.voucher, name="voucher")]
