/// What pages say about a form that was sent before: sentences for a small set of words in the address.
enum Said {
    private static let good = [
        "normal": "Your vote is counted.",
        "super": "Your super vote is counted: 3 points.",
        "mega": "Your mega vote is counted: 10 points.",
        "commentApproved": "The comment is approved; everybody sees it.",
        "commentDeleted": "Your comment is deleted.",
        "commentWaits": "Your comment waits for a moderator; until then only you see it.",
        "commented": "Your comment is there.",
        "reportsDismissed": "The case is closed.",
        "followed": "You follow this person now.",
        "liked": "You like this comment.",
        "commentRejected": "The comment is taken out; its author sees why.",
        "reported": "Thank you. The moderators will look at it.",
        "unfollowed": "You no longer follow this person.",
        "unliked": "You no longer like this comment.",
        "withdrawn": "Your vote is taken back. What it cost today can be spent again.",
        "switchedOn": "It is switched on.",
        "switchedOff": "It is switched off.",
        "reminded": "You will be told when this slot opens.",
        "forgotten": "You will not be told about this slot.",
        "uploaded": "Your clip has arrived. It is checked and made ready now.",
        "removed": "Your clip is taken back.",
        "approved": "The clip is in the running.",
        "rejected": "The clip is sent back, and its maker reads why.",
        "solved": "The check is passed. Your votes count for the next half an hour.",
        "limited": "The check cannot be reached just now: until it is back, 20 points a day can be given.",
        "votesRemoved": "The votes are taken out, and everybody can read why.",
        "votesStand": "The votes stand.",
        "voterBanned": "This voter may not vote any more.",
        "voterAdmitted": "This voter may vote again.",
    ]

    private static let bad = [
        TournamentError.Code.alreadyVoted.rawValue: "You have voted for this clip already; take that vote back first.",
        TournamentError.Code.banned.rawValue: "This voter may not vote here.",
        TournamentError.Code.captchaRequired.rawValue: "Voting here needs a solved captcha first.",
        TournamentError.Code.caseDecided.rawValue: "Somebody has decided this case already.",
        TournamentError.Code.clipNotFound.rawValue: "There is no such clip to vote on.",
        TournamentError.Code.commentInvalid.rawValue:
            "A comment has 1 to 500 characters of plain text; this one was not kept.",
        TournamentError.Code.dailyLimit.rawValue: "Too little is left of today's votes; midnight renews them.",
        TournamentError.Code.followInvalid.rawValue: "Nobody follows themselves.",
        TournamentError.Code.megaSpent.rawValue: "Your mega vote of this slot is spent; take it back to use it here.",
        TournamentError.Code.noVote.rawValue: "There is no vote of yours on this clip.",
        TournamentError.Code.notFound.rawValue: "It is no longer there.",
        TournamentError.Code.ownClip.rawValue: "Nobody votes for a clip of their own.",
        TournamentError.Code.riskBlocked.rawValue: "The vote looked automated and was not counted.",
        TournamentError.Code.signInRequired.rawValue: "Voting here needs an account: sign in first.",
        TournamentError.Code.slotClosed.rawValue: "The slot of this clip is not being voted on.",
        TournamentError.Code.superSpent.rawValue: "Your super vote of this slot is spent; take it back to use it here.",
        TournamentError.Code.votingFrozen.rawValue: "Voting has stopped and the count is about to begin.",
        TournamentError.Code.clipInvalid.rawValue: "A clip that is sent back needs a reason: its maker reads it.",
        TournamentError.Code.clipLimit.rawValue:
            "You have as many clips in this slot as are allowed. Take one back, or choose a later slot.",
        TournamentError.Code.clipReviewed.rawValue: "This clip does not wait any more; somebody has decided already.",
        TournamentError.Code.clipSettled.rawValue: "This clip has competed and cannot be taken back now.",
        TournamentError.Code.notVerified.rawValue: "Verify your e-mail address first, then upload.",
        TournamentError.Code.uploadUsed.rawValue: "This upload was ended already; begin a new one.",
        TournamentError.Code.uploadsBusy.rawValue: "Many uploads are being received; try again in a few seconds.",
        "noFile": "No file came with the form. Choose a clip and send it again.",
        "unreminded": "This slot is open already, or you wait for a hundred others.",
        "undecided": "Nobody has voted, so the slot goes on.",
        "unchanged": "The slot is not being voted on, so there was nothing to close.",
    ]

    /// The sentence for a word: whether it is good news, and what it says.
    static func sentence(_ word: String) -> (isGood: Bool, text: String)? {
        if let text = good[word] { return (true, text) }
        return bad[word].map { (false, $0) }
    }
}
