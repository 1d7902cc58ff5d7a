"""The trainer: a daemon that runs training workers, keeps what they publish, and answers whoever watches."""
