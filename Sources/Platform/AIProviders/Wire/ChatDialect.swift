/// How one vendor's stream is read: a machine that takes its events and gives the text in them.
protocol ChatDialect {
    /// Whether the vendor has said that this was all.
    var isFinished: Bool { get }

    /// Takes an event and returns the text in it, empty for none.
    ///
    /// - Throws: ``AIError`` for an error that the vendor tells within its stream.
    mutating func take(_ event: ServerSentEvent) throws(AIError) -> String

    /// How the answer ended, asked once the stream has.
    ///
    /// - Throws: `ai.cutOff` when it has ended in the middle of an answer.
    func end() throws(AIError) -> ChatEnd
}

extension ChatDialect {
    static var cutOff: AIError { AIError(.cutOff, "The vendor's answer ended in its middle.") }
}
