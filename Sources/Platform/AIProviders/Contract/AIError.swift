public import Base

/// Why a language model brought no answer, or not all of one.
public struct AIError: CodedError {
    /// What can go wrong.
    public enum Code: String, CaseIterable, Sendable {
        /// The request itself is wrong: a bound is exceeded, or the vendor does not take it.
        case requestInvalid = "ai.requestInvalid"
        /// The vendor does not know our key, or the key may not do this.
        case keyRefused = "ai.keyRefused"
        /// The vendor has too much to do, or we ask too often: try again later.
        case busy = "ai.busy"
        /// The vendor cannot be reached or fails.
        case failing = "ai.failing"
        /// The time for the call was over.
        case timedOut = "ai.timedOut"
        /// The answer ended in its middle.
        case cutOff = "ai.cutOff"
        /// What the vendor sent is no answer that can be read.
        case unreadable = "ai.unreadable"
        /// The vendor fails too often and is left alone for a while.
        case circuitOpen = "ai.circuitOpen"
        /// A budget has too little left for this call.
        case budgetSpent = "ai.budgetSpent"
        /// Money is budgeted, and the model has no price at this time.
        case priceUnknown = "ai.priceUnknown"
        /// The provider cannot do this at all, such as embed.
        case unsupported = "ai.unsupported"
        /// There is an answer of this id already.
        case answerTaken = "ai.answerTaken"
        /// There is no answer of this id.
        case answerNotFound = "ai.answerNotFound"
        /// A setting does not say which models are used, or at which price.
        case settingInvalid = "ai.settingInvalid"
        /// The task was cancelled.
        case cancelled = "ai.cancelled"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// When asking again makes sense, as far as it is known.
    public let retryAfter: Duration?
    /// Names and values that help to find the cause.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?
    /// Whether text had been handed on before: the same call is not made again then.
    public internal(set) var hasBegun = false

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What went wrong.
    ///   - message: One sentence, free of users' values.
    ///   - retryAfter: When asking again makes sense.
    ///   - context: Names and values that help to find the cause.
    ///   - underlying: The error that caused this one.
    public init(
        _ code: Code, _ message: String, retryAfter: Duration? = nil, context: [String: String] = [:],
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.context = context
        self.underlying = underlying
    }

    /// Whether the same call to the same vendor may succeed a little later.
    var isTransient: Bool {
        switch code {
        case .busy, .failing, .cutOff: !hasBegun
        case .requestInvalid, .keyRefused, .timedOut, .unreadable, .circuitOpen, .budgetSpent, .priceUnknown,
            .unsupported, .answerTaken, .answerNotFound, .settingInvalid, .cancelled:
            false
        }
    }

    /// Whether another vendor may do what this one did not.
    var isForNextProvider: Bool {
        switch code {
        case .keyRefused, .busy, .failing, .timedOut, .cutOff, .unreadable, .circuitOpen, .unsupported: !hasBegun
        case .requestInvalid, .budgetSpent, .priceUnknown, .answerTaken, .answerNotFound, .settingInvalid, .cancelled:
            false
        }
    }

    /// Whether it says that the vendor is not well; that we ask too often, or wrongly, does not.
    var isVendorFailure: Bool {
        switch code {
        case .failing, .timedOut, .cutOff, .unreadable: true
        // A 429 is about us, and so is a queue of our own that is full.
        case .busy: context["status"] != "429" && underlying == nil
        case .requestInvalid, .keyRefused, .circuitOpen, .budgetSpent, .priceUnknown, .unsupported, .answerTaken,
            .answerNotFound, .settingInvalid, .cancelled:
            false
        }
    }
}
