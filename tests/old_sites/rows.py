"""Rows that the demonstration lacks, for `tests.old_sites.make`, which runs this on a database of its own."""

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    from django.contrib.auth.models import Group
    from django.utils import timezone

    from desk.models import PendingChange
    from handovers.models import Comment, CommentMention, HandOver
    from tests import factories as make
    from tools.models import Category, Tool
    from votes.models import Freeze

    category = Category.objects.order_by("pk")[0]
    tool = make.tool_with_every_kind_of_row(slug="every-sort", name="Every Kind", category=category)
    tool.slug = "every-kind"  # the former one redirects
    tool.save()
    for fields in ({"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}):
        make.comparison(first=tool, second=make.tool(category=category, **fields), **fields)
    make.decision(on=tool)
    for group in Group.objects.all():
        make.user(username=group.name.lower(), email=f"{group.name.lower()}@example.com").groups.add(group)
    for number in range(3):
        make.subscriber(email=f"reader-{number}@example.com")
    make.issue_of_everything()
    first, second = Tool.objects.published().order_by("pk")[:2]
    make.pair_votes(between=(first, second), first=2, second=1)
    Freeze.objects.create(tool=tool)
    author, reader = make.user(username="ada"), make.user(username="grace")
    PendingChange.objects.create(tool=tool, posted={"name": ["Else"]}, author=author, kept_at=timezone.now())
    draft = tool.reviews.filter(published_at=None).get()
    hand_over = HandOver.objects.create(
        review=draft, state="waiting", handed_over_by=author, handed_over_at=timezone.now()
    )
    comment = Comment.objects.create(hand_over=hand_over, author=author, text="@grace, please read it.")
    CommentMention.objects.create(comment=comment, user=reader)


if __name__ == "__main__":
    main()
