import Base

/// Decides which rules fire at an event, and what comes of it: pure.
///
/// Chains end: what a rule causes carries its depth, no rule fires twice in a chain, and a conversation in which rules fire
/// too often within a minute pauses the rule that would be one too many.
struct RuleMachine: Sendable {
    /// What a firing does beside the head of the conversation.
    enum Effect: Sendable, Hashable {
        case tag(ID<Tag>)
        case line(Message.Role, String)
    }

    struct Outcome: Sendable {
        var head: Conversation
        var effects: [Effect] = []
        var fired: [ID<Rule>] = []
        var paused: [ID<Rule>] = []
        /// What has happened by it, for the counts and for further rules.
        var tallies: [Tally.Kind] = []
    }

    let now: Timestamp

    /// - Parameters:
    ///   - rules: the company's rules for the event, in their order.
    ///   - head: the conversation as it is now.
    ///   - chain: how the event came about.
    ///   - recent: how often rules have fired in the conversation within the last minute.
    /// - Returns: what comes of it.
    func fire(_ rules: [Rule], on head: Conversation, _ chain: RuleChain, recent: Int) -> Outcome {
        var outcome = Outcome(head: head)
        guard chain.depth < Rule.Bounds.depth else { return outcome }
        for rule in rules where !rule.isPaused && !chain.fired.contains(rule.id) {
            guard rule.conditions.hold(for: outcome.head) else { continue }
            guard recent + outcome.fired.count < Rule.Bounds.perMinute else {
                outcome.paused.append(rule.id)
                continue
            }
            outcome.fired.append(rule.id)
            for action in rule.actions { carryOut(action, &outcome) }
        }
        return outcome
    }

    private func carryOut(_ action: Rule.Action, _ outcome: inout Outcome) {
        switch action {
        case .assign(let person):
            guard outcome.head.assigneeID == nil, outcome.head.state != .closed else { return }
            outcome.head.assigneeID = person
            outcome.head.takeFromBot()
            outcome.effects.append(.line(.event, ConversationDesk.Happening.assigned.rawValue))
            outcome.tallies.append(.assigned)
        case .priority(let number): outcome.head.priority = number
        case .tag(let tag): outcome.effects.append(.tag(tag))
        case .note(let text): outcome.effects.append(.line(.note, text))
        case .close:
            guard outcome.head.state != .closed else { return }
            outcome.head.state = .closed
            outcome.head.snoozedUntil = nil
            outcome.head.closedAt = now
            outcome.head.closings += 1
            outcome.effects.append(.line(.event, ConversationDesk.Happening.closed.rawValue))
            outcome.tallies.append(.closed)
            if outcome.head.isDeflected { outcome.tallies.append(.deflected) }
        case .handOver:
            guard outcome.head.bot == .active else { return }
            outcome.head.bot = .waiting
            outcome.head.botEpoch += 1
            outcome.effects.append(.line(.event, ConversationDesk.Happening.handedOver.rawValue))
            outcome.tallies.append(.handOff)
        }
    }
}
