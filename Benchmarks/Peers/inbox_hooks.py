"""Deliveries of Messenger, signed: `inbox_hooks.py COUNT EACH USERS SECRET ACCOUNT FILE` writes one on each line, its
signature before a tab. Each delivery has so many messages of as many customers; no two messages have the same id."""
import hashlib
import hmac
import json
import random
import sys
import time

count, each, users, secret, account, file = sys.argv[1:7]
chance = random.Random(7)
words = "where is my order it should have been here yesterday can you help me please thank you".split()
with open(file, "w") as lines:
    for number in range(int(count)):
        now = int(time.time() * 1000)
        messages = [
            {"sender": {"id": f"user{chance.randrange(int(users))}"}, "recipient": {"id": account}, "timestamp": now,
             "message": {"mid": f"m_{number}_{place}", "text": " ".join(chance.choices(words, k=9))}}
            for place in range(int(each))]
        body = json.dumps({"object": "page", "entry": [{"id": account, "time": now, "messaging": messages}]})
        signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        lines.write(f"sha256={signature}\t{body}\n")
