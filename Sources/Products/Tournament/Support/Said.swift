/// What pages say about a form that was sent before: sentences for a small set of words in the address.
enum Said {
    private static let good = [
        "normal": "Your vote is counted.",
        "super": "Your super vote is counted: 3 points.",
        "mega": "Your mega vote is counted: 10 points.",
        "withdrawn": "Your vote is taken back. What it cost today can be spent again.",
    ]

    private static let bad = [
        TournamentError.Code.alreadyVoted.rawValue: "You have voted for this clip already; take that vote back first.",
        TournamentError.Code.banned.rawValue: "This voter may not vote here.",
        TournamentError.Code.captchaRequired.rawValue: "Voting here needs a solved captcha first.",
        TournamentError.Code.clipNotFound.rawValue: "There is no such clip to vote on.",
        TournamentError.Code.dailyLimit.rawValue: "Too little is left of today's votes; midnight renews them.",
        TournamentError.Code.megaSpent.rawValue: "Your mega vote of this slot is spent; take it back to use it here.",
        TournamentError.Code.noVote.rawValue: "There is no vote of yours on this clip.",
        TournamentError.Code.ownClip.rawValue: "Nobody votes for a clip of their own.",
        TournamentError.Code.riskBlocked.rawValue: "The vote looked automated and was not counted.",
        TournamentError.Code.signInRequired.rawValue: "Voting here needs an account: sign in first.",
        TournamentError.Code.slotClosed.rawValue: "The slot of this clip is not being voted on.",
        TournamentError.Code.superSpent.rawValue: "Your super vote of this slot is spent; take it back to use it here.",
        TournamentError.Code.votingFrozen.rawValue: "Voting has stopped and the count is about to begin.",
        "undecided": "Nobody has voted, so the slot goes on.",
        "unchanged": "The slot is not being voted on, so there was nothing to close.",
    ]

    /// The sentence for a word: whether it is good news, and what it says.
    static func sentence(_ word: String) -> (isGood: Bool, text: String)? {
        if let text = good[word] { return (true, text) }
        return bad[word].map { (false, $0) }
    }
}
