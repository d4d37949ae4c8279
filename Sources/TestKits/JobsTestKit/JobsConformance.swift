public import StorageTestKit
public import Testing

/// What jobs must do on every engine.
public enum JobsConformance: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case aJobExistsWhenItsTransactionCommitsAndNeverElse
    case aTransactionsJobsAreOneStatement
    case everyJobRunsOnce
    case aDelayedJobWaitsForItsTime
    case urgentJobsGoFirst
    case aFloodedLaneHoldsUpNoOther
    case aJobThatFailsIsTriedAgainAndThenADeadLetter
    case aPermanentFailureIsADeadLetterAtOnce
    case throttlingCountsNoAttempt
    case aDeadLetterIsRetriedOrDiscarded
    case aHandlerThatTakesTooLongIsEnded
    case anInputThatCannotBeReadIsADeadLetter
    case oneOfAKeyWaits
    case oneOfAKeyWaitsOrRuns
    case oneOfAKeyInATime
    case progressAndResultAreKept
    case aWaitingJobIsCancelled
    case aRunningJobIsCancelledOnAnotherNode
    case anInterruptedHandlerEndsOnAnotherNode
    case aBatchIsHandledInOneRun
    case aParentRunsWhenItsChildrenHaveEnded
    case aParentWithoutChildrenRuns
    case childrenAreCancelledTogether
    case aJobComesAfterOthers
    case aCancelledJobCancelsWhatComesAfterIt
    case aDeadWorkersJobsRunElsewhere
    case aJobThatKillsItsWorkersEnds
    case aZombieCannotCompleteItsJob
    case aZombieCannotWriteOnItsWay
    case anEffectHappensWithItsCompletionOrNotAtAll
    case aConcurrencyLimitHoldsForAllWorkers
    case aRateHolds
    case tenantsTakeTurns
    case aPausedLaneBeginsNothing
    case aWorkerThatStopsFinishesWhatRuns
    case whatDoesNotEndInTimeGoesOnElsewhere
    case eachTickFiresOnce
    case aTickThatNobodyWantsLeavesNoTrace
    case eachTenantHasItsJob
    case endedJobsAreForgotten
    case aListShowsEveryState
    case aWorkerWithNothingToDoAsksWithItsSignsOfLife

    /// The sentence with spaces.
    public var testDescription: String {
        rawValue.reduce(into: "") { text, letter in
            if letter.isUppercase { text += " " + letter.lowercased() } else { text.append(letter) }
        }
    }

    /// Checks the sentence on a fresh database of an engine.
    ///
    /// - Throws: ``WorkshopFailure`` when it does not hold, or what the engine throws.
    public func check(on backend: Backend) async throws {
        try await suite(backend)
    }

    private var suite: @Sendable (Backend) async throws -> Void {
        switch self {
        case .aJobExistsWhenItsTransactionCommitsAndNeverElse: EnqueuingCases.commits
        case .aTransactionsJobsAreOneStatement: EnqueuingCases.costsOneStatement
        case .everyJobRunsOnce: EnqueuingCases.runsOnce
        case .aDelayedJobWaitsForItsTime: EnqueuingCases.delays
        case .urgentJobsGoFirst: EnqueuingCases.priorities
        case .aFloodedLaneHoldsUpNoOther: EnqueuingCases.lanes
        case .aJobThatFailsIsTriedAgainAndThenADeadLetter: FailingCases.retries
        case .aPermanentFailureIsADeadLetterAtOnce: FailingCases.permanent
        case .throttlingCountsNoAttempt: FailingCases.throttling
        case .aDeadLetterIsRetriedOrDiscarded: FailingCases.deadLetters
        case .aHandlerThatTakesTooLongIsEnded: FailingCases.timeouts
        case .anInputThatCannotBeReadIsADeadLetter: FailingCases.unreadable
        case .oneOfAKeyWaits: UniqueCases.whilePending
        case .oneOfAKeyWaitsOrRuns: UniqueCases.whileRunning
        case .oneOfAKeyInATime: UniqueCases.within
        case .progressAndResultAreKept: LookingCases.progress
        case .aWaitingJobIsCancelled: CancellingCases.waiting
        case .aRunningJobIsCancelledOnAnotherNode: CancellingCases.running
        case .anInterruptedHandlerEndsOnAnotherNode: CancellingCases.interrupted
        case .aBatchIsHandledInOneRun: TyingCases.batches
        case .aParentRunsWhenItsChildrenHaveEnded: TyingCases.parents
        case .aParentWithoutChildrenRuns: TyingCases.childless
        case .childrenAreCancelledTogether: CancellingCases.children
        case .aJobComesAfterOthers: TyingCases.chains
        case .aCancelledJobCancelsWhatComesAfterIt: TyingCases.cancelledChain
        case .aDeadWorkersJobsRunElsewhere: DyingCases.recovers
        case .aJobThatKillsItsWorkersEnds: DyingCases.poison
        case .aZombieCannotCompleteItsJob: DyingCases.zombie
        case .aZombieCannotWriteOnItsWay: DyingCases.holds
        case .anEffectHappensWithItsCompletionOrNotAtAll: DyingCases.effects
        case .aConcurrencyLimitHoldsForAllWorkers: LimitingCases.concurrency
        case .aRateHolds: LimitingCases.rate
        case .tenantsTakeTurns: LimitingCases.fairness
        case .aPausedLaneBeginsNothing: LimitingCases.pauses
        case .aWorkerThatStopsFinishesWhatRuns: DyingCases.drains
        case .whatDoesNotEndInTimeGoesOnElsewhere: DyingCases.interrupts
        case .eachTickFiresOnce: TickingCases.once
        case .aTickThatNobodyWantsLeavesNoTrace: TickingCases.unwanted
        case .eachTenantHasItsJob: TickingCases.tenants
        case .endedJobsAreForgotten: TickingCases.forgets
        case .aListShowsEveryState: LookingCases.lists
        case .aWorkerWithNothingToDoAsksWithItsSignsOfLife: LookingCases.rests
        }
    }
}
