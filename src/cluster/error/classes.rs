//! What an error means for the program: its stable word, and whether to go on.

use super::ClusterError;

const TOO_MANY_REQUESTS: u16 = 429;

impl ClusterError {
    /// Returns a stable word for the kind of error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::KubeconfigMissing { .. } => "kubeconfig_missing",
            Self::KubeconfigUnreadable { .. } => "kubeconfig_unreadable",
            Self::KubeconfigInvalid { .. } => "kubeconfig_invalid",
            Self::UnknownContext { .. } => "unknown_context",
            Self::NoContext { .. } => "no_context",
            Self::ProxyInvalid { .. } => "proxy_invalid",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::Tls { .. } => "tls_failure",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::NamespaceMissing { .. } => "namespace_missing",
            Self::NamespaceTerminating { .. } => "namespace_terminating",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::BeingDeleted { .. } => "being_deleted",
            Self::HeldByFinalizers { .. } => "held_by_finalizers",
            Self::Immutable { .. } => "immutable",
            Self::GlobalSecretMissing { .. } => "global_secret_missing",
            Self::GlobalSecretUnusable { .. } => "global_secret_unusable",
            Self::GlobalSecretsLabelled { .. } => "global_secret_labelled",
            Self::HostedControlPlane => "hosted_control_plane",
            Self::OwnControlPlane => "own_control_plane",
            Self::NoPools { .. } => "no_pools",
            Self::AccountMissing { .. } => "service_account_missing",
            Self::Contended { .. } => "conflict",
            Self::Busy { .. } => "busy",
            Self::NotServed { .. } => "not_served",
            Self::WrongType { .. } => "wrong_type",
            Self::Malformed { .. } => "malformed",
            Self::File(error) => error.reason(),
            Self::TooLarge { .. } => "too_large",
            Self::LeftDeleted { .. } => "left_deleted",
            Self::Refused { .. } => "refused",
            Self::AnswerTooLarge { .. } => "answer_too_large",
            Self::NotAnApi { .. } => "not_an_api",
            Self::Local { .. } => "local_failure",
            Self::ForeignFile { .. } => "foreign_file",
        }
    }

    /// Returns whether the same request may well succeed in a moment, after reading again.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Contended { .. } | Self::Busy { .. })
    }

    /// Returns whether a write may have been carried out all the same: a gateway gave up waiting, or
    /// the server lost its store after it had written. A 429 guarantees that the request was not processed.
    #[must_use]
    pub fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Busy { status, .. } if *status != TOO_MANY_REQUESTS)
    }

    /// Returns whether the server could not be spoken to, as while it restarts and a load balancer
    /// speaks in its place.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::TimedOut { .. }
                | Self::Busy { .. }
                | Self::NotServed { .. }
                | Self::NotAnApi { .. }
        )
    }
}
