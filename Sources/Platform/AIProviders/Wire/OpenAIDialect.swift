/// Reads the stream of `POST /chat/completions` as OpenAI and those who follow it send it: unnamed events, then `[DONE]`.
struct OpenAIDialect: ChatDialect {
    private(set) var isFinished = false
    private var reason: ChatEnd.Reason?
    private var usage: TokenUsage?
    private var model: String?
    private var sources: [ChatSource] = []

    init() {}

    mutating func take(_ event: ServerSentEvent) throws(AIError) -> String {
        if event.data.elementsEqual("[DONE]".utf8) {
            isFinished = true
            return ""
        }
        guard let chunk = VendorJSON(event.data) else {
            throw AIError(.unreadable, "An event of the answer is no JSON.")
        }
        return try take(chunk)
    }

    /// Takes a chunk, or the one object of an answer that is not streamed.
    mutating func take(_ chunk: VendorJSON) throws(AIError) -> String {
        if let error = chunk["error"] { throw VendorFault.inStream(error) }
        if let used = chunk["usage"], let output = used["completion_tokens"]?.count {
            usage = TokenUsage(input: used["prompt_tokens"]?.count ?? 0, output: output)
        }
        if let served = chunk["model"]?.text { model = served }
        takeSources(of: chunk)
        // The chunk that carries the usage has no choices; some servers say null or nothing instead of an empty list.
        guard let choice = chunk["choices"]?.elements.first else { return "" }
        if let word = choice["finish_reason"]?.text { reason = Self.reason(word) }
        let said = choice["delta"] ?? choice["message"]
        if said?["refusal"]?.text?.isEmpty == false { reason = .refused }
        takeAnnotations(of: said)
        return said?["content"]?.text ?? ""
    }

    func end() throws(AIError) -> ChatEnd {
        // Some servers close after the last chunk without `[DONE]`; a reason is what tells that it was the last.
        guard isFinished || reason != nil else { throw Self.cutOff }
        return ChatEnd(reason ?? .other, usage: usage, servedModel: model, sources: sources)
    }

    private static func reason(_ word: String) -> ChatEnd.Reason {
        switch word {
        case "stop": .complete
        case "length": .length
        case "content_filter": .refused
        default: .other
        }
    }

    /// Perplexity's pages: `search_results` say more than `citations`.
    private mutating func takeSources(of chunk: VendorJSON) {
        let results = chunk["search_results"]?.elements.compactMap { result in
            result["url"]?.text.map { ChatSource(url: $0, title: result["title"]?.text ?? "") }
        }
        if let results, !results.isEmpty {
            sources = Array(results.prefix(SourceBounds.sources))
        } else if sources.isEmpty, let citations = chunk["citations"]?.elements.compactMap(\.text) {
            sources = citations.prefix(SourceBounds.sources).map { ChatSource(url: $0) }
        }
    }

    /// The pages that OpenAI's own search models name in a message.
    private mutating func takeAnnotations(of said: VendorJSON?) {
        for annotation in said?["annotations"]?.elements ?? [] where sources.count < SourceBounds.sources {
            guard let page = annotation["url_citation"], let url = page["url"]?.text else { continue }
            sources.append(ChatSource(url: url, title: page["title"]?.text ?? ""))
        }
    }
}

/// How many pages of an answer are kept.
enum SourceBounds {
    static let sources = 100
}
