"""The models of votes. Each module is one kind of thing; the rest of the site imports them from here."""

from votes.models.ledger import LedgerHour
from votes.models.limits import Amount
from votes.models.listing import Camp, CountAmong, Listing, ListingQuerySet, PanelGap, ranked_sql
from votes.models.moderation import Action, Decision, Freeze, HeldFor, Reason
from votes.models.network import NetworkKey
from votes.models.pairs import PairChoice, PairRank, PairTally, PairVote, PairVoteQuerySet, RankedPair
from votes.models.states import CastResult, VoteState
from votes.models.tools import Choice, Tally, Vote, VoteQuerySet

__all__ = [
    "Action",
    "Amount",
    "Camp",
    "CastResult",
    "Choice",
    "CountAmong",
    "Decision",
    "Freeze",
    "HeldFor",
    "LedgerHour",
    "Listing",
    "ListingQuerySet",
    "NetworkKey",
    "PairChoice",
    "PairRank",
    "PairTally",
    "PairVote",
    "PairVoteQuerySet",
    "PanelGap",
    "RankedPair",
    "Reason",
    "Tally",
    "Vote",
    "VoteQuerySet",
    "VoteState",
    "ranked_sql",
]
