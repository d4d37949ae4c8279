/// What the daily screens say about a form that was sent before.
extension Said {
    static let deskGood: [String: String] = [
        "assigned": "The conversation is assigned.",
        "cancelled": "The message will not be sent.",
        "changed": "The contact is changed.",
        "closed": "The conversation is closed.",
        "contactErased": "The contact and its conversations are being deleted.",
        "drafted": "The draft is kept.",
        "teamChanged": "The team is changed.",
        "merged": "The two contacts are one now. It can be undone below.",
        "noted": "The note is written; only colleagues see it.",
        "opened": "The conversation is open again.",
        "prioritised": "The priority is changed.",
        "queued": "The answer is on its way. It can be taken back for a few seconds.",
        "retried": "The message is sent again.",
        "scheduled": "The answer is scheduled.",
        "snoozed": "The conversation sleeps until then, or until the customer writes.",
        "tagged": "The tags are changed.",
        "takenOver": "You have the conversation now; the bot stays silent.",
        "unassigned": "The conversation is nobody's now.",
        "undone": "It is undone.",
        "unread": "The conversation is marked as unread.",
        "withdrawn": "The answer is taken back; it was not sent.",
    ]

    static let deskBad: [String: String] = [
        "chooseContacts": "Choose contacts first.",
        "chooseTag": "Choose a tag, or write a new one.",
    ]
}
