"""What the faces do, without Qt: sessions, replay, the library; tested without a QApplication."""
