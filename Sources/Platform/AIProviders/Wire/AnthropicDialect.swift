/// Reads the stream of `POST /v1/messages`: named events, of which `message_stop` is the last.
struct AnthropicDialect: ChatDialect {
    private(set) var isFinished = false
    private var reason: ChatEnd.Reason?
    private var input: Int?
    private var output: Int?
    private var model: String?
    private var sources: [ChatSource] = []

    init() {}

    mutating func take(_ event: ServerSentEvent) throws(AIError) -> String {
        guard let body = VendorJSON(event.data) else {
            throw AIError(.unreadable, "An event of the answer is no JSON.")
        }
        switch body["type"]?.text ?? event.name {
        case "error": throw VendorFault.inStream(body["error"] ?? body)
        case "message_start":
            model = body["message"]?["model"]?.text
            take(usage: body["message"]?["usage"])
            return ""
        case "content_block_start": return body["content_block"]?["text"]?.text ?? ""
        case "content_block_delta":
            guard let delta = body["delta"] else { return "" }
            takeCitation(delta["citation"])
            // What the model thinks, and the input of tools, is no text of the answer.
            return delta["type"]?.text == "text_delta" ? delta["text"]?.text ?? "" : ""
        case "message_delta":
            if let word = body["delta"]?["stop_reason"]?.text { reason = Self.reason(word) }
            take(usage: body["usage"])
            return ""
        case "message_stop":
            isFinished = true
            return ""
        // `ping`, the end of a block, and whatever comes with a later version.
        default: return ""
        }
    }

    /// The whole of an answer that is not streamed.
    mutating func take(whole body: VendorJSON) throws(AIError) -> String {
        if body["type"]?.text == "error" || body["error"] != nil { throw VendorFault.inStream(body["error"] ?? body) }
        model = body["model"]?.text
        reason = body["stop_reason"]?.text.map(Self.reason) ?? .other
        take(usage: body["usage"])
        isFinished = true
        return (body["content"]?.elements ?? []).compactMap { $0["text"]?.text }.joined()
    }

    func end() throws(AIError) -> ChatEnd {
        guard isFinished else { throw Self.cutOff }
        let usage = output.map { TokenUsage(input: input ?? 0, output: $0) }
        return ChatEnd(reason ?? .other, usage: usage, servedModel: model, sources: sources)
    }

    /// Counts are sums so far, so the last one holds.
    private mutating func take(usage: VendorJSON?) {
        guard let usage else { return }
        if let read = usage["input_tokens"]?.count {
            input =
                read + (usage["cache_creation_input_tokens"]?.count ?? 0)
                + (usage["cache_read_input_tokens"]?.count ?? 0)
        }
        if let written = usage["output_tokens"]?.count { output = written }
    }

    private mutating func takeCitation(_ citation: VendorJSON?) {
        guard let citation, let url = citation["url"]?.text, sources.count < SourceBounds.sources else { return }
        sources.append(ChatSource(url: url, title: citation["title"]?.text ?? ""))
    }

    private static func reason(_ word: String) -> ChatEnd.Reason {
        switch word {
        case "end_turn", "stop_sequence": .complete
        case "max_tokens", "model_context_window_exceeded": .length
        case "refusal": .refused
        default: .other
        }
    }
}
