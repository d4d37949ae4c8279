import Base
import Web

/// What pages say about a form that was sent before: sentences for a small set of words in the address.
enum Said {
    private static let good = [
        "searchStarted": "The search is on its way. Creators appear as they are found.",
        "searchCancelled":
            "The search is cancelled. What had been found is kept, the rest of its credits is given back.",
        "retryStarted": "The failed keywords are tried again.",
        "enrichmentStarted": "The profile is being read again; its facts appear here in a moment.",
        "creatorBlocked": "This creator is left out of searches from now on.",
        "creatorUnblocked": "This creator may be found by searches again.",
        "identityLinked": "The two profiles are taken for one person now.",
        "creatorsAdded": "The creators are on the list now; those that were there already stay as they are.",
        "selectionAdding": "All that pass the filters are being added to the list.",
        "identityUnlinked": "The profile stands for itself again.",
    ]

    private static let bad = [
        "chooseList": "Choose a list first; then the creators go onto it.",
        "chooseCreators": "Choose creators first, or add all that pass the filters.",
        DiscoveryError.Code.creditsShort.rawValue: "Too few credits are left for this search; choose a smaller target.",
        DiscoveryError.Code.dailyLimit.rawValue: "All of today's calls have been made; tomorrow there are new ones.",
        DiscoveryError.Code.identityInvalid.rawValue: "Two profiles of different platforms make an identity.",
        DiscoveryError.Code.keywordsInvalid.rawValue: "Give 1 to 10 keywords of 2 to 80 characters.",
        DiscoveryError.Code.notAllowed.rawValue: "Your seat in this workspace does not allow that; ask an owner.",
        DiscoveryError.Code.notFound.rawValue: "It is no longer there.",
        DiscoveryError.Code.nothingToRetry.rawValue: "No keyword of this search has failed.",
        DiscoveryError.Code.searchActive.rawValue: "A search of yours is running; wait for it or cancel it.",
        DiscoveryError.Code.searchEnded.rawValue: "The search had ended already.",
        DiscoveryError.Code.tooManySearches.rawValue: "That were many searches within an hour; try again later.",
        DiscoveryError.Code.vendorUnavailable.rawValue:
            "The source of creators does not answer just now; try again soon.",
    ]

    /// The sentence for a word: whether it is good news, and what it says.
    static func sentence(_ word: String) -> (isGood: Bool, text: String)? {
        if let text = good[word] ?? Self.more[word] { return (true, text) }
        return (bad[word] ?? Self.moreBad[word]).map { (false, $0) }
    }

    static func flash(_ word: String) -> HTMLPage.Flash? {
        sentence(word).map { HTMLPage.Flash($0.isGood ? .good : .bad, $0.text) }
    }

    /// Back to a page, with what was done or the code of the refusal that pages have a sentence for.
    static func after(_ path: String, anchor: String = "", _ work: () async throws -> String) async throws -> Redirect {
        let word: String
        do {
            word = try await work()
        } catch let problem as Problem where sentence(problem.code) != nil {
            word = problem.code
        }
        let mark = path.contains("?") ? "&" : "?"
        return Redirect(to: "\(path)\(mark)said=\(word)" + (anchor.isEmpty ? "" : "#\(anchor)"))
    }
}
