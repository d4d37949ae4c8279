/// What the pages about how a company works say about a form that was sent before.
extension Said {
    static let workGood: [String: String] = [
        "hoursRemoved": "The hours are removed; what went by them goes by the usual ones.",
        "hoursSet": "The hours are set.",
        "levelMade": "The promise holds for what happens from now on.",
        "levelRemoved": "The promise is taken back.",
        "memberRemoved": "They are not in the team any more.",
        "memberSet": "They are in the team.",
        "replyChanged": "The reply is changed.",
        "replyMade": "The reply can be used.",
        "replyRemoved": "The reply is removed.",
        "ruleGoesOn": "The rule goes on.",
        "ruleMade": "The rule holds from now on.",
        "rulePaused": "The rule is paused.",
        "ruleRaised": "The order of the rules is changed.",
        "ruleRemoved": "The rule is removed.",
        "teamChanged": "The team is changed.",
        "teamMade": "The team is made.",
        "teamRemoved": "The team is removed; its conversations stay.",
    ]

    static let workBad: [String: String] = [
        "chooseNumber": "Give whole numbers where numbers are asked for.",
        "chooseSpans": "Write a day's hours as in 9:00-12:30, 14:00-18:00.",
        "chooseAction": "Choose at least one thing that the rule does.",
        InboxError.Code.nameTaken.rawValue: "There is one of this name already.",
        InboxError.Code.ruleInvalid.rawValue: "The rule cannot be so: it needs a name and one to five actions.",
        InboxError.Code.settingInvalid.rawValue: "Something is missing, too long or out of its range.",
    ]
}
