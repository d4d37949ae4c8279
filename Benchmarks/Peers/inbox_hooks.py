"""Deliveries of Messenger, signed: `inbox_hooks.py COUNT USERS SECRET ACCOUNT FILE NAME` writes one on each line, its
signature before a tab. Each has a message of one of so many customers; ids begin with the name, and none comes twice."""
import hashlib
import hmac
import json
import random
import sys
import time

count, users, secret, account, file, name = sys.argv[1:7]
chance = random.Random(7)
words = "where is my order it should have been here yesterday can you help me please thank you".split()
with open(file, "w") as lines:
    for number in range(int(count)):
        now = int(time.time() * 1000)
        message = {
            "sender": {"id": f"user{chance.randrange(int(users))}"}, "recipient": {"id": account}, "timestamp": now,
            "message": {"mid": f"m_{name}_{number}", "text": " ".join(chance.choices(words, k=9))}}
        body = json.dumps({"object": "page", "entry": [{"id": account, "time": now, "messaging": [message]}]})
        signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        lines.write(f"sha256={signature}\t{body}\n")
