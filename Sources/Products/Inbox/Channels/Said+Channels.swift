/// What the pages of channels and of knowledge say about a form that was sent before.
extension Said {
    static let reachGood: [String: String] = [
        "channelChanged": "The channel is changed.",
        "channelConnected": "The channel is connected. Follow the steps below to have the vendor deliver here.",
        "demoConnected": "The chat is there. Open it, write as a visitor would, and answer from the inbox.",
        "checking": "The channel is being looked at; reload the page in a moment.",
        "documentAdded": "The document is being read; it is answered from as soon as all of it is.",
        "documentRemoved": "The document is gone; nothing is answered from it any more.",
        "endpointChanged": "The endpoint is changed.",
        "endpointRemoved": "The endpoint is told nothing any more.",
        "endpointTested": "A test is on its way to the endpoint.",
        "keysChanged": "The new secrets hold. Messages that waited are sent with them.",
        "letterRetried": "The delivery is being tried again.",
        "policySet": "The bot follows the new policy from now on.",
        "sourceAdded": "The address is being read now, and once a week from then on.",
        "sourceReading": "The address is being read.",
        "sourceRemoved": "The address is gone, with what was found there.",
        "widgetSet": "The chat is changed; visitors see it within five minutes.",
    ]

    static let reachBad: [String: String] = [
        "noFile": "Choose a file first.",
        InboxError.Code.accountTaken.rawValue: "This account is connected already, by you or by somebody else.",
        InboxError.Code.channelInvalid.rawValue: "A channel needs a name of at most 120 characters, and an account.",
        InboxError.Code.documentKnown.rawValue: "The same document or address is there already.",
        InboxError.Code.documentTooLarge.rawValue: "A document has at most 20 MB.",
        InboxError.Code.documentUnreadable.rawValue:
            "The document cannot be read: save it as text, Markdown or HTML in UTF-8. PDF needs pdftotext on the server.",
        InboxError.Code.endpointInvalid.rawValue:
            "An endpoint is a public address over https, and is told at least one kind of event.",
        InboxError.Code.policyInvalid.rawValue: "The policy breaks a rule: compare each field with its hint.",
        InboxError.Code.sourceInvalid.rawValue: "Give a public address, as in https://www.example.com/help.",
        InboxError.Code.widgetInvalid.rawValue:
            "The chat breaks a rule: sites have https:// and no path, the colour is of the form #1f6f4a.",
    ]
}
