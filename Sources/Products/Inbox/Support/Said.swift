import Base
import Web

/// What pages say about a form that was sent before: sentences for a small set of words in the address.
///
/// Each group of pages keeps its words in a file of its own, as an extension with two dictionaries; one line here each.
enum Said {
    static let good = together([deskGood, reachGood, workGood])
    static let bad = together([refusals, deskBad, reachBad, workBad])

    private static func together(_ parts: [[String: String]]) -> [String: String] {
        parts.reduce(into: [:]) { all, part in all.merge(part) { first, _ in first } }
    }

    /// The sentence for a word: whether it is good news, and what it says.
    static func sentence(_ word: String) -> (isGood: Bool, text: String)? {
        if let text = good[word] { return (true, text) }
        return bad[word].map { (false, $0) }
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

    /// What a form may be refused for wherever it stands.
    private static let refusals: [String: String] = [
        InboxError.Code.alreadyAssigned.rawValue: "Somebody else has the conversation by now; nothing was changed.",
        InboxError.Code.alreadyMerged.rawValue: "One of the two is part of another contact already.",
        InboxError.Code.contactInvalid.rawValue: "A field of the contact is too long, or empty where it may not be.",
        InboxError.Code.conversationClosed.rawValue: "The conversation is closed: open it again first.",
        InboxError.Code.limitReached.rawValue: "There are as many of these as there may be.",
        InboxError.Code.messageInvalid.rawValue: "Write something of at most 8,000 characters.",
        InboxError.Code.notAllowed.rawValue: "Your seat in this company does not allow that; ask an owner.",
        InboxError.Code.notFound.rawValue: "It is no longer there.",
        InboxError.Code.threadMoved.rawValue:
            "Somebody has answered meanwhile. Your answer was kept as a draft: read what they said, then decide.",
        InboxError.Code.timeInvalid.rawValue: "Choose a time to come, not too far ahead.",
        InboxError.Code.tooLate.rawValue: "It is on its way already and cannot be taken back.",
        InboxError.Code.tooLong.rawValue: "The answer is longer than this channel takes; it was kept as a draft.",
        InboxError.Code.windowClosed.rawValue:
            "This channel takes no answer so long after the customer's last message; yours was kept as a draft.",
    ]
}
