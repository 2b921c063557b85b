from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth import get_permission_codename
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Everything may be read; nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NoteForm(ActionForm):
    note = forms.CharField(max_length=200, required=False, label="Note")


class DeskAdmin(ReadOnlyAdmin):
    """Rows are read, and worked on by actions; who may change them may work on them. Most want a note."""

    action_form = NoteForm
    ordering = ["-pk"]
    show_full_result_count = False

    def has_work_permission(self, request: HttpRequest) -> bool:
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def note(self, request: HttpRequest) -> str:
        """What the person says was done; empty, and a message, where nothing is said."""
        note = request.POST.get("note", "").strip()
        if not note:
            self.message_user(request, "Say what was done or found in the note beside the action.", messages.ERROR)
        return note
