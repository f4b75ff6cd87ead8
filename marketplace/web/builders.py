"""A builder's public page, and editing one's own."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.pagination import is_own_cursor
from marketplace import queries
from marketplace.access import get_own_profile
from marketplace.page_cache import LIST_SECONDS
from marketplace.queries.external import get_external_rules
from marketplace.services.builders import upsert_builder_profile
from marketplace.web.forms import BuilderProfileForm
from marketplace.web.labels import get_cursor
from marketplace.web.visitor_pages import visitor_context, visitor_page
from workspaces.web.people import person_of


@visitor_page(LIST_SECONDS, query={"cursor": is_own_cursor})
def builder_show(request: HttpRequest, handle: str) -> HttpResponse:
    page = queries.get_builder_page(handle, cursor=get_cursor(request))
    rules = get_external_rules(request.user)
    context = {
        "profile": page.profile,
        "page": page.listings,
        "external": rules,
        "refused": rules.find_refused(page.listings.items) if rules else frozenset(),
        **visitor_context(request),
    }
    return render(request, "marketplace/builder.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def profile_edit(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    profile = get_own_profile(person)
    if request.method == "GET":
        initial = (
            {name: getattr(profile, name) for name in ("handle", "display_name", "bio", "website")}
            if profile
            else {"display_name": person.display_name}
        )
        context = {"form": BuilderProfileForm(initial=initial), "profile": profile}
        return render(request, "marketplace/profile_form.html", context)
    form = BuilderProfileForm(request.POST)
    if form.is_valid():
        try:
            profile = upsert_builder_profile(user=person, **form.cleaned_data, by=person, at=timezone.now())
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("Your builder profile is saved."))
            return redirect("marketplace:builder-show", handle=profile.handle)
    return render(request, "marketplace/profile_form.html", {"form": form, "profile": profile}, status=400)
