import ExitCodes
import Git
import Glibc

/// Who a commit is by, and since when.
package struct Author: Hashable, Sendable {
    /// A name.
    package let name: String
    /// A mail address.
    package let email: String

    /// Makes an author.
    ///
    /// - Throws: `AuthorError` when a part is empty or holds what a mail's header cannot.
    package init(name: String, email: String) throws(AuthorError) {
        let forbidden: Set<Character> = ["<", ">", "\n", "\r", "\r\n", "\0"]
        guard !name.allSatisfy(\.isWhitespace), !email.allSatisfy(\.isWhitespace), !(name + email).contains(where: forbidden.contains)
        else {
            throw .bad(name: name, email: email)
        }
        self.name = name
        self.email = email
    }

    /// The author that git would take: of the environment, or of the user's settings.
    ///
    /// - Throws: `AuthorError` when git knows none, or its settings cannot be read.
    package init(environment: [String: String]) throws(AuthorError) {
        let configuration = Configuration(environment: environment)
        do {
            let name = try environment["GIT_AUTHOR_NAME"] ?? configuration.value(of: "author.name") ?? configuration.value(of: "user.name")
            let email =
                try environment["GIT_AUTHOR_EMAIL"] ?? configuration.value(of: "author.email") ?? configuration.value(of: "user.email")
            guard let name, let email else { throw AuthorError.unknown }
            try self.init(name: name, email: email)
        } catch let error as AuthorError { throw error } catch { throw .settings("\(error)") }
    }
}

/// Why there is no author.
package enum AuthorError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// git's settings have none.
    case unknown
    /// A name or an address that no mail can carry.
    case bad(name: String, email: String)
    /// git's settings cannot be read.
    case settings(String)

    /// What to do about it.
    package var description: String {
        switch self {
        case .unknown:
            """
            a patch needs an author, but git has none configured; run:
              git config --global user.name "Your Name"
              git config --global user.email you@example.org
            """
        case .bad(let name, let email):
            "'\(name)' and '\(email)' are not a valid author; set git's user.name and user.email to values without < and >"
        case .settings(let reason): reason
        }
    }

    package var exitStatus: ExitStatus { .missing }
}
