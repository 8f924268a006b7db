"""When the next run is due: pure values, and their Airflow timetables."""
