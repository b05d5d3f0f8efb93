"""Why a request got no answer: gathered, weighed and told when it has failed, and not before."""
