from django.urls import path

from accounts.referrals import views

urlpatterns = [
    path("r/<str:code>", views.follow_link, name="invitation_link"),
    path("account/referral", views.referral, name="referral"),
]
