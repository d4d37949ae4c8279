#!/usr/bin/env python3
"""Counts a slot of Tournament again from its published ballots; needs Python 3 and nothing else.

    python3 recount.py https://HOST/api/tournament/slots/SLOT
    python3 recount.py RESULT BALLOTS        (files or addresses of what that page links to)

Checks the SHA-256 digest, every score, the order by the printed tie rule, and the winner.
Ends with 0 when everything agrees, 1 when something does not, 2 when it was used wrongly.
"""
import csv
import hashlib
import io
import json
import sys
import urllib.request

COLUMNS = ["vote", "cast_at", "clip", "voter", "kind", "weight", "state"]
LISTED = 1000  # places that a result lists; ballots have all clips


def read(place):
    if place.startswith(("http://", "https://")):
        with urllib.request.urlopen(place, timeout=60) as answer:
            return answer.read()
    with open(place, "rb") as file:
        return file.read()


def split(data):
    """The ballots' bytes, which the digest covers, and the manifest: the last line, which begins with #."""
    start = data.rstrip(b"\r\n").rfind(b"\n") + 1
    if data[start:start + 1] != b"#":
        raise ValueError("the ballots end without their manifest line: the download is cut off")
    return data[:start], data[start:].decode().strip()


def count(body):
    """Scores by clip, and how many ballots of each state there are."""
    rows = csv.reader(io.StringIO(body.decode("utf-8"), newline=""))
    if next(rows, None) != COLUMNS:
        raise ValueError("the first line does not name the columns " + ",".join(COLUMNS))
    clips, states, standing, last = {}, {"counted": 0, "withdrawn": 0, "removed": 0}, set(), ""
    for vote, cast_at, clip, voter, kind, weight, state in rows:
        if vote <= last:
            raise ValueError(f"the ballot {vote} is out of order")
        last = vote
        states[state] += 1
        if state == "withdrawn":
            continue
        if (clip, voter) in standing:
            raise ValueError(f"the voter {voter} has two standing votes for the clip {clip}")
        standing.add((clip, voter))
        if state == "counted":
            score, voters, latest = clips.get(clip, (0, 0, ""))
            clips[clip] = (score + int(weight), voters + 1, max(latest, cast_at))
    return clips, states


def rank(clips):
    """More weight first; then the earlier last counted vote; then the smaller clip id."""
    return sorted(clips, key=lambda clip: (-clips[clip][0], clips[clip][2] == "", clips[clip][2], clip))


def check(result, data):
    """All differences between what was published as the result and what the ballots say."""
    faults = []

    def expect(what, stated, counted):
        if stated != counted:
            faults.append(f"{what}: the result says {stated}, the ballots say {counted}")

    body, manifest = split(data)
    digest = hashlib.sha256(body).hexdigest()
    expect("digest", result["digest"], digest)
    if f"sha256={digest}" not in manifest:
        faults.append("digest: the manifest line below the ballots names another")
    clips, states = count(body)
    expect("ballots", result["ballots"], sum(states.values()))
    expect("removed", result["removed"], states["removed"])
    expect("withdrawn", result["withdrawn"], states["withdrawn"])
    stated = result["standings"]
    for row in stated:
        clips.setdefault(row["clipId"], (0, 0, ""))
    if len(stated) < LISTED:
        # A clip that was taken out of the slot has ballots and no place.
        clips = {row["clipId"]: clips[row["clipId"]] for row in stated}
    for row in stated:
        score, voters, _ = clips[row["clipId"]]
        expect(f"score of {row['clipId']}", row["score"], score)
        expect(f"voters of {row['clipId']}", row["voters"], voters)
    order = rank(clips)
    expect("order", [row["clipId"] for row in stated], order[:len(stated)])
    if any(voters for _, voters, _ in clips.values()):
        enough = [clip for clip in order if clips[clip][1] >= max(1, result["votersMinimum"])]
        expect("winner", result["clipId"], (enough or order)[0])
        expect("belowMinimum", result["belowMinimum"], not enough)
    return faults, order, clips, states, digest


def main(arguments):
    if len(arguments) == 1 and arguments[0].startswith(("http://", "https://")):
        arguments = [arguments[0].rstrip("/") + "/results", arguments[0].rstrip("/") + "/ballots"]
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        result = json.loads(read(arguments[0]))
        faults, order, clips, states, digest = check(result, read(arguments[1]))
    except (OSError, ValueError, KeyError) as error:
        print(f"NOT THE SAME: {error}")
        return 1
    print(f"{states['counted']} votes count, {states['removed']} removed, {states['withdrawn']} taken back")
    for place, clip in enumerate(order[:10], 1):
        print(f"{place:3}. {clip}  {clips[clip][0]} points of {clips[clip][1]} voters")
    for fault in faults:
        print(f"NOT THE SAME: {fault}")
    if not faults:
        print(f"The same: winner {result['clipId']}, SHA-256 {digest}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
