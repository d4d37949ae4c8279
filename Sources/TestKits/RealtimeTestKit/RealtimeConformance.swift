public import StorageTestKit
public import Testing

/// What topics must do on every engine and over every bus.
public enum RealtimeConformance: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case aMessageReachesWhoListensOnEveryNode
    case aTransactionThatFailsTellsNothing
    case aTransactionsMessagesComeInOrder
    case publishersTogetherLeaveNoHole
    case whoComesBackToAnotherNodeHasMissedNothing
    case whoComesBackAfterARestartHasMissedNothing
    case whoComesBackTooLateIsTold
    case aPositionOfAnotherLifeIsTold
    case whoJoinsBeforeTheFirstMessageMissesNone
    case whatADyingNodeCommittedIsFound
    case anotherTenantHearsNothing
    case whoMayNotListenIsRefused
    case signalsReachEveryNode
    case whoListensIsShownOnEveryNode
    case connectionsAreCountedOverAllNodes
    case aPageGoesOnFromWhatItRead

    /// The sentence with spaces.
    public var testDescription: String {
        rawValue.reduce(into: "") { text, letter in
            if letter.isUppercase { text += " " + letter.lowercased() } else { text.append(letter) }
        }
    }

    /// Checks the sentence on a fresh database of an engine, with nodes that share by a bus.
    ///
    /// - Throws: ``RealtimeFailure`` when it does not hold, or what the engine throws.
    public func check(on backend: Backend, sharing: RealtimeSharing) async throws {
        let stage = try await RealtimeStage(on: backend, sharing: sharing)
        switch self {
        case .aMessageReachesWhoListensOnEveryNode: try await PublishingCases.reaches(stage)
        case .aTransactionThatFailsTellsNothing: try await PublishingCases.undone(stage)
        case .aTransactionsMessagesComeInOrder: try await PublishingCases.order(stage)
        case .publishersTogetherLeaveNoHole: try await PublishingCases.together(stage)
        case .whoComesBackToAnotherNodeHasMissedNothing: try await ReturningCases.otherNode(stage)
        case .whoComesBackAfterARestartHasMissedNothing: try await ReturningCases.restart(stage)
        case .whoComesBackTooLateIsTold: try await ReturningCases.tooLate(stage)
        case .aPositionOfAnotherLifeIsTold: try await ReturningCases.otherLife(stage)
        case .whoJoinsBeforeTheFirstMessageMissesNone: try await ReturningCases.unborn(stage)
        case .whatADyingNodeCommittedIsFound: try await ReturningCases.silentCommit(stage)
        case .anotherTenantHearsNothing: try await GatheringCases.apart(stage)
        case .whoMayNotListenIsRefused: try await GatheringCases.refused(stage)
        case .signalsReachEveryNode: try await GatheringCases.signals(stage)
        case .whoListensIsShownOnEveryNode: try await GatheringCases.presence(stage)
        case .connectionsAreCountedOverAllNodes: try await GatheringCases.seats(stage)
        case .aPageGoesOnFromWhatItRead: try await ReturningCases.page(stage)
        }
    }
}
