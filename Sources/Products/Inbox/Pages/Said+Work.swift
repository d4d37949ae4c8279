/// What the pages about how a company works say about a form that was sent before.
extension Said {
    static let workGood: [String: String] = [
        "exportOrdered": "The export is on its way; you are told when it is ready.",
        "hoursRemoved": "The hours are removed; what went by them goes by the usual ones.",
        "hoursSet": "The hours are set.",
        "invitationWithdrawn": "The invitation is taken back; its link lets nobody in.",
        "levelMade": "The promise holds for what happens from now on.",
        "levelRemoved": "The promise is taken back.",
        "memberRemoved": "They are not in the team any more.",
        "memberSet": "They are in the team.",
        "replyChanged": "The reply is changed.",
        "replyMade": "The reply can be used.",
        "replyRemoved": "The reply is removed.",
        "retentionSet": "What is older goes from the next night on.",
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
        "chooseNouns": "Choose at least one table.",
        "chooseNumber": "Give whole numbers where numbers are asked for.",
        "chooseSpans": "Write a day's hours as in 9:00-12:30, 14:00-18:00.",
        "accounts.alreadyMember": "Somebody with this address has that seat already, or a higher one.",
        "accounts.emailInvalid": "This is no e-mail address.",
        "accounts.limited": "Too many invitations within an hour; try again later.",
        "accounts.notFound": "The invitation was accepted or taken back already.",
        "accounts.roleTooHigh": "Only an owner can give or take back a seat above yours.",
        "accounts.tooManyInvitations": "As many invitations are open as may be: take one back first.",
        "chooseAction": "Choose at least one thing that the rule does.",
        InboxError.Code.nameTaken.rawValue: "There is one of this name already.",
        InboxError.Code.ruleInvalid.rawValue: "The rule cannot be so: it needs a name and one to five actions.",
        InboxError.Code.settingInvalid.rawValue: "Something is missing, too long or out of its range.",
    ]
}
