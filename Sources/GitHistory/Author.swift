import ExitCodes
import Git
import Glibc

/// The author of a commit.
package struct Author: Hashable, Sendable {
    package let name: String
    package let email: String

    /// Makes an author.
    ///
    /// - Throws: `AuthorError` if a part is empty or contains characters that a mail header cannot.
    package init(name: String, email: String) throws(AuthorError) {
        let forbidden: Set<Unicode.Scalar> = ["<", ">", "\n", "\r", "\0"]
        guard !name.allSatisfy(\.isWhitespace), !email.allSatisfy(\.isWhitespace),
            !(name + email).unicodeScalars.contains(where: forbidden.contains)
        else {
            throw .bad(name: name, email: email)
        }
        self.name = name
        self.email = email
    }

    /// The author that git would use, from the environment or the user's configuration.
    ///
    /// - Throws: `AuthorError` if git knows no author, or its configuration cannot be read.
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
    /// git's configuration has none.
    case unknown
    /// A name or an address that a mail header cannot contain.
    case bad(name: String, email: String)
    /// git's configuration cannot be read.
    case settings(String)

    /// The problem, and what to do about it.
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
